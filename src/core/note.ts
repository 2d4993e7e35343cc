const told = new Set<string>();

/** What is worth knowing and no error: a line on the console, each once. */
export function noteOnce(text: string): void {
  if (told.has(text)) return;
  told.add(text);
  console.warn(`chainrule: ${text}`);
}
