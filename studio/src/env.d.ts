declare module "virtual:first" {
  import type { First } from "./state/first.ts";
  export const first: First;
}
