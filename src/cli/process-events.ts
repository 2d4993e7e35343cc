/** What happens behind a command's back: a reader that goes, an error that nobody awaits. */

/** `json` says how the command's errors are printed. */
export function handleEvents(json: false | "document" | "line"): void {
  // A reader that has seen enough, such as head, closes the pipe; that is no error. The work goes on,
  // since it may end with a file; a full disk behind the output is reported, once, and is an error.
  let told = false;
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", async (cause: NodeJS.ErrnoException) => {
      if (cause.code === "EPIPE" || told) return;
      told = true;
      process.on("exit", (code) => {
        process.exitCode = code || 2;
      });
      const { outputLost, report } = await import("./failure.ts");
      report(outputLost(cause), false);
    });
  }

  // Some engines throw behind our back where a permission is missing.
  let failing = false;
  for (const event of ["uncaughtException", "unhandledRejection"] as const) {
    process.on(event, async (error: unknown) => {
      // What words errors cannot be loaded, as where the package was replaced meanwhile.
      if (failing) {
        process.stderr.write(
          `fault ${(error as Error)?.message ?? error}\n  Install chainrule again.\n`,
        );
        process.exit(70);
      }
      failing = true;
      const { explained, report } = await import("./failure.ts");
      process.exit(report(explained(error), json));
    });
  }
}
