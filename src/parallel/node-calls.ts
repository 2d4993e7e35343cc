/** MPI's functions as they are called here: none of them blocks, and a request is asked for its end. */
import type { NativeFunction } from "../backends/c/node-koffi.ts";
import { fail } from "../core/errors.ts";
import type { MpiLibrary } from "./node-library.ts";
import type { Sent, Summed } from "./parallel.ts";

/** Elements of one message: a C int counts them, and some libraries count bytes in one. */
const mostElements = 2 ** 26;

export class Calls {
  readonly #mpi: MpiLibrary;
  readonly #functions = new Map<string, NativeFunction>();
  readonly #flag = new Int32Array(1);
  /** Larger than any library's. */
  readonly #status = new Uint8Array(128);
  /** What is under way must stay where it is. */
  readonly #signs: Float32Array[] = [];

  constructor(mpi: MpiLibrary) {
    this.#mpi = mpi;
  }

  init(): void {
    const flag = this.#flag;
    this.#call("MPI_Initialized", "int *", flag);
    if (flag[0] === 0) this.#call("MPI_Init", "void *, void *", null, null);
  }

  get rank(): number {
    return this.#number("MPI_Comm_rank");
  }

  get size(): number {
    return this.#number("MPI_Comm_size");
  }

  #number(name: string): number {
    const found = new Int32Array(1);
    this.#call(name, "H, int *", this.#mpi.handles.world, found);
    return found[0] ?? 0;
  }

  /** What the library calls itself: the first line of it. */
  get version(): string {
    const text = new Uint8Array(2 ** 14);
    this.#call("MPI_Get_library_version", "void *, int *", text, this.#flag);
    const whole = new TextDecoder().decode(text.subarray(0, this.#flag[0]));
    const [line = ""] = whole.split(/\n|\0/, 1);
    return (line.split(",", 1)[0] ?? "")
      .replace(/ Version:|\s+/g, " ")
      .replace(/ +/g, " ")
      .trim();
  }

  finalize(): void {
    this.#call("MPI_Finalize", "void");
  }

  abort(code: number): void {
    this.#call("MPI_Abort", "H, int", this.#mpi.handles.world, code);
  }

  /** The requests of a sum over all. */
  *sum(data: Summed): Generator<Request> {
    const { world, sum, inPlace } = this.#mpi.handles;
    for (const part of partsOf(data)) {
      const request = new Request(this, [part]);
      const type = this.#type(part);
      const parameters = "void *, void *, int, H, H, H, void *";
      const { bytes } = request;
      this.#call("MPI_Iallreduce", parameters, inPlace, part, part.length, type, sum, world, bytes);
      yield request;
    }
  }

  *broadcast(data: Sent, root: number): Generator<Request> {
    const { world } = this.#mpi.handles;
    for (const part of partsOf(asFloats(data))) {
      const request = new Request(this, [part]);
      const type = this.#type(part);
      const { bytes } = request;
      this.#call(
        "MPI_Ibcast",
        "void *, int, H, int, H, void *",
        part,
        part.length,
        type,
        root,
        world,
        bytes,
      );
      yield request;
    }
  }

  barrier(): Request {
    const request = new Request(this, []);
    this.#call("MPI_Ibarrier", "H, void *", this.#mpi.handles.world, request.bytes);
    return request;
  }

  send(data: Sent, to: number, tag: number): Request[] {
    return this.#pass("MPI_Isend", data, to, tag);
  }

  receive(data: Sent, from: number, tag: number): Request[] {
    return this.#pass("MPI_Irecv", data, from, tag);
  }

  #pass(name: string, data: Sent, partner: number, tag: number): Request[] {
    const { world } = this.#mpi.handles;
    return partsOf(asFloats(data)).map((part) => {
      const request = new Request(this, [part]);
      const type = this.#type(part);
      const { bytes } = request;
      this.#call(
        name,
        "void *, int, H, int, int, H, void *",
        part,
        part.length,
        type,
        partner,
        tag,
        world,
        bytes,
      );
      return request;
    });
  }

  /** Whether a message with this tag is there to be received. */
  arrived(from: number, tag: number): boolean {
    const { world } = this.#mpi.handles;
    this.#call(
      "MPI_Iprobe",
      "int, int, H, int *, void *",
      from,
      tag,
      world,
      this.#flag,
      this.#status,
    );
    return this.#flag[0] !== 0;
  }

  /** A message of one element that nobody waits for. */
  sendSign(to: number, tag: number): void {
    const sign = new Float32Array(1);
    this.#signs.push(sign);
    this.send(sign, to, tag);
  }

  receiveSign(from: number, tag: number): void {
    const [request] = this.receive(new Float32Array(1), from, tag);
    while (request?.isDone === false);
  }

  /** Lets other processes have the processor, should there be any that want it. */
  makeWay(): void {
    this.#mpi.makeWay();
  }

  /** @internal Whether a request is done; asked again and again, it makes progress. */
  test(request: Uint8Array): boolean {
    this.#call("MPI_Test", "void *, int *, void *", request, this.#flag, this.#status);
    return this.#flag[0] !== 0;
  }

  #type(data: Summed): bigint | number {
    const { float, double } = this.#mpi.handles;
    return data instanceof Float32Array ? float : double;
  }

  #call(name: string, parameters: string, ...given: unknown[]): void {
    let called = this.#functions.get(name);
    if (called === undefined) {
      called = this.#mpi.func(name, parameters);
      this.#functions.set(name, called);
    }
    const code = called(...given);
    if (code !== 0) {
      fail("process-lost", {
        message: `${name} of ${this.#mpi.name} has failed.`,
        found: `code ${code}`,
      });
    }
  }
}

/** What is under way; its memory must not go before it is done. */
export class Request {
  readonly #calls: Calls;
  readonly #held: readonly Sent[];
  /** Where the library keeps its handle. */
  readonly bytes = new Uint8Array(8);
  #done = false;

  constructor(calls: Calls, held: readonly Sent[]) {
    this.#calls = calls;
    this.#held = held;
  }

  get isDone(): boolean {
    this.#done ||= this.#calls.test(this.bytes);
    return this.#done;
  }

  get elements(): number {
    return this.#held.reduce((sum, { length }) => sum + length, 0);
  }
}

/** Whole numbers are sent as they are, under another name. */
const asFloats = (data: Sent): Summed =>
  data instanceof Int32Array ? new Float32Array(data.buffer, data.byteOffset, data.length) : data;

function partsOf<T extends Summed>(data: T): T[] {
  if (data.length <= mostElements) return [data];
  const count = Math.ceil(data.length / mostElements);
  return Array.from(
    { length: count },
    (_, i) => data.subarray(i * mostElements, (i + 1) * mostElements) as T,
  );
}
