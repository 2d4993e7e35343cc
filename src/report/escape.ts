/** Text as it may stand in HTML and SVG, between tags and in quotation marks. */
const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Also without the control characters that no XML may hold. */
export const escapeText = (text: string): string =>
  text
    .replace(/[&<>"']/g, (c) => entities[c] ?? c)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is taken out.
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "�");
