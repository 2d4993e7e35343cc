/** How help is laid out: within the terminal, however narrow it is. */
import { Help, type HelpConfiguration } from "commander";
import { width as columns } from "./terminal.ts";

/** Where less is left beside the words that are explained, the explanation goes below them. */
const leastBeside = 24;

export const layout: HelpConfiguration = {
  minWidthToWrap: 12,
  formatItem(term, termWidth, description, helper) {
    const width = helper.helpWidth ?? 80;
    if (description === "" || width - termWidth - 4 >= leastBeside) {
      return Help.prototype.formatItem.call(helper, term, termWidth, description, helper);
    }
    const below = helper.boxWrap(description, width - 6);
    return `  ${term}\n${below.replaceAll(/^/gm, "      ")}`;
  },
};

const examples: readonly (readonly [command: string, says?: string])[] = [
  ["chainrule", "the tour"],
  ["chainrule example iris two-two-two", "write examples/iris.yaml and others"],
  ["chainrule train examples/iris.yaml", "train; saves iris.safetensors"],
  ['chainrule predict iris.safetensors -i "5.1,3.5,1.4,0.2"'],
  ["chainrule summary examples/iris.yaml"],
  ["chainrule check examples/two-two-two.yaml"],
  ["chainrule explain examples/two-two-two.yaml --parameter w1 --notation net-out"],
  ["chainrule diagnose examples/two-two-two.yaml -p w1 --value 0.000364723"],
];

const closing =
  "Every command takes --help and --json. Exit codes: 0 ok, 1 the answer is no, " +
  "2 the input is wrong, 130 interrupted.";

/** What stands behind the lists. Commands stay in one piece, so that they can be copied. */
export function after(width = Math.min(columns(), 80)): string {
  const lines = examples.map(([command, says]) => {
    const whole = says === undefined ? `  ${command}` : `  ${command.padEnd(38)} ${says}`;
    return whole.length <= width ? whole : `  ${command}`;
  });
  const helper = Object.assign(new Help(), layout);
  return ["", "Examples:", ...lines, "", helper.boxWrap(closing, width)].join("\n");
}
