/** The command could not do its work, and a retry may help; the message says why. */
export class Failure extends Error {}
