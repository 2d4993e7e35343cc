/** Network files as text, from what has been put together by a program. */

import { Document, isMap, isScalar, isSeq, type Node, visit } from "yaml";
import { withoutEnvironment } from "../core/permission.ts";
import type { Chosen, Form } from "../network-file/form.ts";
import { type NetworkFile, networkForm } from "../network-file/network.ts";
import { complete } from "../network-file/validate.ts";

/** What a network file says; how it is trained may be left to the defaults. */
interface NetworkParts extends Partial<Omit<NetworkFile, "training">> {
  readonly layers: readonly Chosen[];
  readonly training?: Partial<NetworkFile["training"]>;
}

const isChosen = (value: unknown): value is Chosen => {
  const parts = Object.keys(value ?? {});
  return parts.length === 2 && parts.includes("name") && parts.includes("options");
};

/** A value as it is written: names bare or with their options, defaults left out. */
function asWritten(form: Form, value: unknown): unknown {
  switch (form.kind) {
    case "list":
      return (value as readonly unknown[]).map((item) => asWritten(form.of, item));
    case "map":
      return mapped(value, (_, item) => asWritten(form.of, item));
    case "record": {
      const written: Readonly<Record<string, unknown>> = mapped(value, (name, item) => {
        const field = Object.hasOwn(form.fields, name) ? form.fields[name] : undefined;
        if (field === undefined) return item;
        const usual = field.default === undefined ? undefined : complete(field.form, field.default);
        const same = JSON.stringify(usual) === JSON.stringify(item);
        return same ? undefined : asWritten(field.form, item);
      });
      const { short } = form;
      const isShort = short !== undefined && String(Object.keys(written)) === short;
      return isShort ? written[short] : written;
    }
    case "choice": {
      const { name, options } = value as Chosen;
      const inner = form.table()[name]?.form;
      const written = inner === undefined ? options : asWritten(inner, options);
      const bare = inner?.kind === "record" && Object.keys(written as object).length === 0;
      return bare ? name : Object.fromEntries([[name, written]]);
    }
    case "either": {
      const fitting = form.of.find(({ kind }) =>
        Array.isArray(value) ? kind === "list" : kind === (isChosen(value) ? "choice" : "record"),
      );
      const structured = typeof value === "object" && value !== null && fitting !== undefined;
      return structured ? asWritten(fitting, value) : value;
    }
    default:
      return value;
  }
}

function mapped(
  value: unknown,
  change: (name: string, item: unknown) => unknown,
): Record<string, unknown> {
  const entries = Object.entries(value as object).flatMap(([name, item]) => {
    const changed = item === undefined ? undefined : change(name, item);
    return changed === undefined ? [] : [[name, changed] as const];
  });
  return Object.fromEntries(entries);
}

/** What has more characters than this as JSON is given lines of its own. */
const longest = 90;

/** A list in which there is a layer with options, or a name: one on each line. */
const isListOfNames = (node: unknown): boolean =>
  isSeq(node) &&
  node.items.some((item) => isMap(item) || (isScalar(item) && typeof item.value === "string"));

/** A network as the text of a network file, one layer on each line, below lines of comment. */
export function networkText(parts: NetworkParts, comments: readonly string[] = []): string {
  return withoutEnvironment(() => {
    const document = new Document(asWritten(networkForm, parts));
    const root = document.contents as Node;
    visit(document, {
      Collection(_, node, path) {
        const inList = isMap(node) && isSeq(path.at(-1));
        const short = JSON.stringify(node.toJS(document)).length <= longest;
        if (node === root || inList || isListOfNames(node) || !short) return undefined;
        node.flow = true;
        return visit.SKIP;
      },
    });
    const lines = comments.map((line) => `# ${line.replaceAll(/[\r\n]+/g, " ")}\n`);
    return `${lines.join("")}${document.toString({ lineWidth: 0, flowCollectionPadding: true })}`;
  });
}
