/** Event files have the bytes that TensorBoard's own classes write (tools/record-event-file.py). */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { eventFile } from "../../src/report/event-file.ts";

test("the bytes of TensorBoard", () => {
  const path = new URL("../fixtures/event-file.json", import.meta.url);
  const { time, events, bytes } = JSON.parse(readFileSync(path, "utf8"));
  expect(Buffer.from(eventFile(time, events)).toString("hex")).toBe(bytes);
});
