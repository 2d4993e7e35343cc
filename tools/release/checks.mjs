/** What keeps a version from being released, as sentences; pure, so that it can be tested. */

/** The text below the heading of a version: "## 0.2.0", "## [0.2.0] - 2026-11-29" and the like. */
export function entryOf(changelog, version) {
  const sections = changelog.split(/^## /m).slice(1);
  const own = sections.find((section) => /^\[?v?([^\s\]]+)/.exec(section)?.[1] === version);
  return own?.replace(/^.*\n?/, "").trim();
}

/**
 * @param status what `git status --porcelain` prints
 * @param changelog the text of CHANGELOG.md, undefined where there is none
 * @param addresses what package.json says of where the sources are and where faults are reported
 */
export function problems({ status, version, lockVersion, changelog, tags, addresses }) {
  const found = [];
  if (status.trim() !== "") {
    found.push(`The working tree is not clean; commit or remove:\n${status.trimEnd()}`);
  }
  if (!/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version)) {
    found.push(`package.json has version "${version}"; expected one like 1.2.3 or 1.2.3-beta.1.`);
  }
  if (lockVersion !== version) {
    found.push(
      `package-lock.json has version ${lockVersion}, package.json ${version}; run npm install.`,
    );
  }
  if (tags.includes(`v${version}`)) {
    found.push(`There is a tag v${version} already; raise the version in package.json.`);
  }
  for (const [name, value] of Object.entries(addresses)) {
    const address = typeof value === "string" ? value : value?.url;
    if (!address) found.push(`package.json has no "${name}"; give its public address.`);
  }
  const entry = changelog === undefined ? undefined : entryOf(changelog, version);
  if (changelog === undefined) found.push("There is no CHANGELOG.md.");
  else if (entry === undefined) found.push(`CHANGELOG.md has no heading "## ${version}".`);
  else if (entry === "") found.push(`CHANGELOG.md says nothing below "## ${version}".`);
  if (changelog !== undefined && (entryOf(changelog, "Unreleased") ?? "") !== "") {
    found.push(`CHANGELOG.md has unreleased changes; move them below "## ${version}".`);
  }
  return found;
}

/** What a tarball holds, the largest first, from what `npm pack --json` says. */
export function contents({ filename, files, size, unpackedSize }) {
  const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1).padStart(9)} kB`;
  const rows = [...files]
    .sort((a, b) => b.size - a.size || (a.path < b.path ? -1 : 1))
    .map((file) => `${kilobytes(file.size)}  ${file.path}`);
  const total = `${filename}: ${files.length} files, ${kilobytes(size).trim()} packed, ${kilobytes(
    unpackedSize,
  ).trim()} unpacked`;
  return [...rows, total].join("\n");
}
