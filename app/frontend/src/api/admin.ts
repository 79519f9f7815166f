import { ApiError } from "./problem";
import { request, withQuery } from "./client";
import type { ActivityItem, Features, Health, Page, Role, SystemState, Token, User } from "./types";

export async function listUsers(q: string, cursor: string | null, signal?: AbortSignal): Promise<Page<User>> {
  return (await request(withQuery("/api/users", { q, cursor }), { signal })) as Page<User>;
}

export async function createUser(user: { username: string; password: string; role: Role }): Promise<User> {
  return (await request("/api/users", { method: "POST", body: user })) as User;
}

export async function changeUser(
  id: string,
  change: { readonly role?: Role; readonly active?: boolean; readonly password?: string },
): Promise<User> {
  return (await request(`/api/users/${encodeURIComponent(id)}`, { method: "PATCH", body: change })) as User;
}

export async function listTokens(cursor: string | null, signal?: AbortSignal): Promise<Page<Token>> {
  return (await request(withQuery("/api/tokens", { cursor }), { signal })) as Page<Token>;
}

/** The secret, which is told this once. */
export async function createToken(name: string): Promise<string> {
  return ((await request("/api/tokens", { method: "POST", body: { name } })) as { token: string }).token;
}

export async function revokeToken(id: string): Promise<void> {
  await request(`/api/tokens/${encodeURIComponent(id)}`, { method: "DELETE" });
}

export interface ActivityFilter {
  readonly user?: string;
  readonly action?: string;
  readonly since?: string;
  readonly until?: string;
}

export async function listActivity(
  filter: ActivityFilter,
  cursor: string | null,
  signal?: AbortSignal,
): Promise<Page<ActivityItem>> {
  return (await request(withQuery("/api/activity", { ...filter, cursor }), { signal })) as Page<ActivityItem>;
}

export function activityCsvPath(filter: ActivityFilter): string {
  return withQuery("/api/activity.csv", { ...filter });
}

export async function getSystem(hours: number, signal?: AbortSignal): Promise<SystemState> {
  return (await request(withQuery("/api/system", { hours }), { signal })) as SystemState;
}

export async function getFeatures(signal?: AbortSignal): Promise<Features> {
  return (await request("/api/features", { signal })) as Features;
}

/** The state of the service, also when it says that it is not well (503 with a health document). */
export async function health(signal?: AbortSignal): Promise<Health> {
  const answer = (await request("/api/health", { accept: [503], anonymous: true, signal })) as Partial<Health> | undefined;
  if (answer?.checks === undefined) {
    const problem = answer as { title?: string; detail?: string; request_id?: string } | undefined;
    throw new ApiError(503, problem?.title, problem?.detail, problem?.request_id);
  }
  return answer as Health;
}
