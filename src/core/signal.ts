/** What stops a long computation: an AbortSignal, of a page or of Node, whose types are not needed. */
export interface StopSignal {
  /** Whether it has come. */
  readonly aborted: boolean;
  /** What a promise is rejected with then. */
  readonly reason?: unknown;
  throwIfAborted(): void;
  addEventListener(type: "abort", stop: () => void, options?: { readonly once?: boolean }): void;
  removeEventListener(type: "abort", stop: () => void): void;
}
