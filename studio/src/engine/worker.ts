/** The engine in a worker: answers requests, and sends pictures while it trains. */
import { evaluateTensors } from "../../../src/backends/interpreter/evaluate.ts";
import { installEvaluator } from "../../../src/core/runtime.ts";
import "../../../src/ops/methods.ts";
import type { EngineEvent, Request } from "./api.ts";
import { serve } from "./serve.ts";

installEvaluator(evaluateTensors);

/** The worker's own global; the library's types know that of a page. */
declare const self: {
  postMessage(message: EngineEvent): void;
  onmessage: ((event: MessageEvent<Request>) => void) | null;
};

const answer = serve((event) => self.postMessage(event));
self.onmessage = ({ data }) => void answer(data);
