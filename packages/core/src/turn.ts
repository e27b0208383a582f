/**
 * Lets the event loop turn: timers, input and other requests get their chance before the caller goes on. A resolved
 * promise would not do, since those run before anything else.
 */
export function nextTurn(): Promise<void> {
  return new Promise((resume) => {
    if (typeof setImmediate === 'function') setImmediate(resume)
    else if (typeof MessageChannel === 'function') postTo(resume)
    else setTimeout(resume, 0)
  })
}

/** Browsers have no `setImmediate`, and hold back a timer of 0 ms for 4 ms, or for a second in a hidden page. */
function postTo(resume: () => void): void {
  const { port1, port2 } = new MessageChannel()
  const receiver = port1 as unknown as EventTarget
  receiver.addEventListener('message', () => {
    port1.close()
    resume()
  })
  port1.start()
  port2.postMessage(undefined)
}
