/** Does one piece of work after the other, in the order in which they were asked for. One that fails does not stop the next. */
export function createQueue(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const result = last.then(work);
    // The caller handles its error.
    last = result.catch(() => {});
    return result;
  };
}
