/** The table of a derivation's symbols: how each is written, its value, and what it stands for. */
import { entry } from "../../core/at.ts";
import { type Formula, type Sign, type Symbolic, symbol } from "./expr.ts";
import type { Name } from "./notation.ts";
import type { Entry } from "./parameters.ts";

export class Symbols {
  /** As the data of the derivation hold them. */
  readonly table: Record<string, Sign> = {};
  readonly #names = new Map<string, Name>();
  readonly #entries = new Map<string, Entry>();

  /** A symbol of this name; its value is kept if it is known already. */
  put(name: Name, value?: number, key = name.text): Symbolic {
    const known = this.table[key];
    if (known?.value === undefined) {
      const { text, tex } = name;
      this.table[key] = { text, tex, ...(value === undefined ? {} : { value }) };
    }
    if (!known) this.#names.set(key, name);
    return symbol(key);
  }

  /** What a symbol is called, and what it stands for. */
  nameOf(e: Symbolic): Name {
    return entry(this.#names, e.name);
  }

  /** What a symbol of this key is called, if there is one. */
  named(key: string): Name | undefined {
    return this.#names.get(key);
  }

  /** The same of any expression, if it is a symbol. */
  nameIn(e: Formula): Name | undefined {
    return e.kind === "symbol" ? this.#names.get(e.name) : undefined;
  }

  valueOf(key: string): number {
    return this.table[key]?.value ?? Number.NaN;
  }

  /** Gives a symbol the value that was computed for it, if it has none. */
  settle({ name }: Symbolic, value: number): void {
    const known = this.table[name];
    if (known && known.value === undefined) this.table[name] = { ...known, value };
  }

  isGradient(key: string): boolean {
    return this.#names.get(key)?.role === "gradient";
  }

  /** Notes which number of a parameter a symbol stands for. */
  standFor({ name }: Symbolic, number: Entry): void {
    if (!this.#entries.has(name)) this.#entries.set(name, number);
  }

  /** The number of a parameter that a symbol stands for, if it does. */
  entryOf(key: string): Entry | undefined {
    return this.#entries.get(key);
  }
}
