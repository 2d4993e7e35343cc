/** What the functions for network files take, for programs without types. */
import {
  type ArgumentKind,
  checkKind,
  isFunction,
  isRecord,
  isText,
  object,
} from "../core/kinds.ts";
import { layers } from "./layers.ts";
import { losses } from "./losses.ts";
import { optimizers } from "./optimizers.ts";

type Table = Readonly<Record<string, unknown>>;

/** A name of the table with its options, as the parser gives them. */
const isChosen = (value: unknown, table: Table): boolean =>
  isRecord(value) &&
  isText(value.name) &&
  Object.hasOwn(table, value.name) &&
  typeof value.options === "object" &&
  value.options !== null;

const network = object(
  "a network",
  "what parseNetwork gives",
  (parts) =>
    Array.isArray(parts.layers) &&
    parts.layers.length > 0 &&
    Array.from(parts.layers).every((layer) => isChosen(layer, layers)) &&
    isChosen(parts.loss, losses) &&
    isChosen(parts.optimizer, optimizers) &&
    isRecord(parts.training) &&
    (parts.inputs === undefined || typeof parts.inputs === "number") &&
    (parts.data === undefined || isRecord(parts.data)),
);

export const checkNetwork = (what: string, value: unknown): void => checkKind(what, value, network);

/** A network with what is known of its data. */
export const storedParts = object(
  "a network with its data",
  "what storedNetwork gives",
  (parts) => network.fits(parts.network) && isRecord(parts.description) && isRecord(parts.marks),
);

export const preparedParts = object(
  "a network that is ready to train",
  "what prepareNetwork gives",
  ({ network: own, data }) =>
    network.fits(own) && isRecord(data) && isRecord(data.description) && isRecord(data.marks),
);

export const described: ArgumentKind = object(
  "what is known of the data",
  "{ inputs, classes, preprocessing }, a description as toDatasets gives",
  ({ classes, preprocessing }) =>
    (classes === undefined || Array.isArray(classes)) &&
    (preprocessing === undefined || isRecord(preprocessing)),
);

export const reading: ArgumentKind = {
  name: "a function that reads files",
  example: "async (path) => the file's bytes",
  fits: isFunction,
};
