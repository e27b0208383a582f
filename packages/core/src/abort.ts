const watchers = new WeakMap<AbortSignal, Set<() => void>>()

/**
 * Calls back when the signal aborts, until the returned function is called.
 *
 * One listener per signal, however many calls share it: Node.js warns of a leak from the eleventh on, and a server that
 * hands one shutdown signal to every call would see that warning.
 */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  const callbacks = watchers.get(signal) ?? watch(signal)
  callbacks.add(callback)
  return () => {
    // Called a second time it must not take away the listener that a later call has put there.
    if (callbacks.delete(callback) && callbacks.size === 0) unwatch(signal)
  }
}

function watch(signal: AbortSignal): Set<() => void> {
  const callbacks = new Set<() => void>()
  watchers.set(signal, callbacks)
  signal.addEventListener('abort', tellAll)
  return callbacks
}

function unwatch(signal: AbortSignal): void {
  watchers.delete(signal)
  signal.removeEventListener('abort', tellAll)
}

function tellAll(event: Event): void {
  for (const callback of watchers.get(event.target as AbortSignal) ?? []) callback()
}
