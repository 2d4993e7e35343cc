/**
 * What must hold between the modules (see sources.mjs for their form). Each rule gives what breaks
 * it, with file, line and the way out.
 */

/** Modules that wait for each other: one of them reads what the other has not made yet. */
export function circles(modules) {
  const found = [];
  const state = new Map();
  const visit = (file, path) => {
    state.set(file, "open");
    for (const { from, line } of modules.get(file)?.loads ?? []) {
      if (state.get(from) === "open") {
        const circle = [...path.slice(path.indexOf(from)), from];
        found.push({
          ...{ file, line, what: `a circle: ${circle.join(" -> ")}` },
          way: "import types alone (import type), or move what both need into a module of its own",
        });
      } else if (!state.has(from)) visit(from, [...path, from]);
    }
    state.set(file, "done");
  };
  for (const file of modules.keys()) if (!state.has(file)) visit(file, [file]);
  return found;
}

/**
 * Exports below `folders` that no other module takes. What `entries` pass on is public; `kept` names
 * what is exported for another reason: "file name" → reason.
 */
export function unused(modules, { folders, entries, kept = {} }) {
  const used = new Set();
  const use = (file, name) => {
    const key = `${file} ${name}`;
    const module = modules.get(file);
    if (!module || used.has(key)) return;
    used.add(key);
    for (const pass of module.passes) {
      if (pass.as === "*") use(pass.from, name);
      else if (pass.as === name || name === "*") use(pass.from, pass.name);
    }
    if (name === "*") for (const definition of module.defines) use(file, definition.name);
  };
  for (const entry of entries) use(entry, "*");
  for (const [file, { uses }] of modules) {
    for (const { from, name } of uses) if (from !== file) use(from, name);
  }
  const found = [];
  const needless = new Set(Object.keys(kept));
  for (const [file, { defines, passes }] of modules) {
    if (!folders.some((folder) => file.startsWith(folder))) continue;
    const given = [...defines, ...passes.map((pass) => ({ name: pass.as, line: pass.line }))];
    for (const { name, line } of given) {
      const key = `${file} ${name}`;
      if (name === "*" || used.has(key) || used.has(`${file} *`)) continue;
      if (needless.delete(key)) continue;
      found.push({
        ...{ file, line, what: `${name} is exported, and no other module takes it` },
        way: "drop the word export, or what it stands before where its own file does not use it",
      });
    }
  }
  for (const key of needless) found.push(stale(key, "an export that nobody takes"));
  return found;
}

/**
 * Names that two modules below `folders` export with two meanings. `alike` says which files (paths
 * or their beginnings) may give the same names, since they mean the same.
 */
export function doubled(modules, { folders, alike = [] }) {
  const places = new Map();
  for (const [file, { defines }] of modules) {
    if (!folders.some((folder) => file.startsWith(folder))) continue;
    for (const { name, line } of defines) {
      if (name === "default") continue;
      const list = places.get(name) ?? [];
      if (!list.some((place) => place.file === file)) list.push({ file, line });
      places.set(name, list);
    }
  }
  const same = (list) =>
    alike.some(({ files }) => list.every(({ file }) => files.some((f) => file.startsWith(f))));
  return [...places]
    .filter(([, list]) => list.length > 1 && !same(list))
    .map(([name, [first, ...others]]) => ({
      ...{ file: first.file, line: first.line },
      what: `${name} is also what ${others.map((o) => `${o.file}:${o.line}`).join(", ")} exports`,
      way: "give one of them a name that says what it is",
    }));
}

/** Assertions (`!`, `as never`, `as unknown as`) beyond what `limits` grants: folder → numbers. */
export function asserted(modules, limits) {
  const found = [];
  for (const [folder, most] of Object.entries(limits)) {
    const all = [...modules]
      .filter(([file]) => file.startsWith(folder))
      .flatMap(([file, { assertions }]) => assertions.map((a) => ({ file, ...a })));
    for (const kind of ["!", "as never", "as unknown as"]) {
      const here = all.filter((a) => a.kind === kind);
      if (here.length <= (most[kind] ?? 0)) continue;
      const { file, line } = here.at(-1);
      found.push({
        ...{ file, line },
        what: `${here.length} times ${kind} in ${folder}, and ${most[kind] ?? 0} are granted`,
        way: "let the type say it: tuples, entries(), a function that returns what it found",
      });
    }
  }
  return found;
}

const stale = (what, is) => ({
  ...{ file: "tools/structure/granted.mjs", line: 1, what: `${what} is no longer ${is}` },
  way: "strike it off the list",
});
