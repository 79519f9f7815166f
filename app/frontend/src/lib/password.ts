/** What the service asks of a new password, said before it refuses one. */
export const SHORTEST_PASSWORD = 10;
