/**
 * What is known of a file at an address before it comes: what its user says, and what its server says.
 *
 * @module
 */
import { brief } from "../brief.ts";
import { ModelError, UsageError } from "../errors.ts";
import type { Expected } from "./download.ts";
import { refuseStatus, request, type RequestOptions } from "./request.ts";
import { publicText } from "../secrets.ts";

const SHA256 = /^[0-9a-f]{64}$/i;

/** The hash a user asks for by `#sha256=…` at the end of an address. @throws UsageError where it is none */
export function askedHash(url: URL): Expected["hash"] {
  const value = url.hash.match(/^#sha256=(.*)$/i)?.[1];
  if (value === undefined) return undefined;
  if (!SHA256.test(value)) {
    throw new UsageError(`${publicText(url.href)}: ${brief(value)} is no SHA-256, which has 64 hexadecimal digits.`);
  }
  return { kind: "sha256", value: value.toLowerCase() };
}

/** What a server says of a file. */
export interface Announced extends Expected {
  /** What it calls the file (Content-Disposition), where it says so. */
  name?: string;
}

/**
 * Size, hash and name that a server announces. Stores that redirect, as the hub does, tell the file's hash in their
 * first answer and the size in their last, so both are asked for. A server that does not answer says nothing; the
 * download itself will say why.
 */
export async function announced(url: URL, options: RequestOptions): Promise<Announced> {
  const expected: Announced = {};
  for (const redirect of ["manual", "follow"] as const) {
    const response = await request(url.href, { ...options, method: "HEAD", redirect }).catch(() => undefined);
    options.signal?.throwIfAborted();
    await response?.body?.cancel();
    if (!response || response.status >= 400) break;
    expected.hash ??= announcedHash(response.headers);
    expected.name ??= announcedName(response.headers);
    const size = response.headers.get("x-linked-size") ?? response.headers.get("content-length");
    if (response.ok && size && /^\d{1,15}$/.test(size)) expected.size = Number(size);
    if (response.ok) break;
  }
  return expected;
}

/**
 * The name of a file whose address has none: stores that sign addresses answer it only where the file itself is asked
 * for.
 */
export async function nameOf(url: URL, options: RequestOptions): Promise<string | undefined> {
  try {
    const response = await request(url.href, options);
    await refuseStatus(publicText(url.href), response);
    await response.body?.cancel();
    return announcedName(response.headers);
  } catch (cause) {
    options.signal?.throwIfAborted();
    if (!(cause instanceof TypeError || cause instanceof Deno.errors.NotCapable)) throw cause;
    throw new ModelError(`${publicText(url.href)} could not be downloaded: ${cause.message}.`, { cause });
  }
}

/**
 * A SHA-256 among an answer's headers: RFC 9530's and 3230's digests in base64, S3's, and tags that are one, as the
 * hub's.
 */
function announcedHash(headers: Headers): Expected["hash"] {
  const digest = headers.get("repr-digest") ?? headers.get("digest");
  const base64 = digest?.match(/\bsha-256=:?([\w+/]{43}=)/i)?.[1] ?? headers.get("x-amz-checksum-sha256");
  const tag = headers.get("x-linked-etag") ?? headers.get("etag");
  const hex = /^[\w+/]{43}=$/.test(base64 ?? "")
    ? Array.from(atob(base64!), (c) => c.charCodeAt(0).toString(16).padStart(2, "0")).join("")
    : tag?.replace(/^(W\/)?"(.*)"$/, "$2");
  return hex && SHA256.test(hex) ? { kind: "sha256", value: hex.toLowerCase() } : undefined;
}

/** The file name of a Content-Disposition header (RFC 6266), its extended form first. */
function announcedName(headers: Headers): string | undefined {
  const said = headers.get("content-disposition") ?? "";
  const extended = said.match(/filename\*\s*=\s*utf-8'[^']*'([^;\s]+)/i)?.[1];
  try {
    if (extended) return decodeURIComponent(extended);
  } catch { /* not so encoded as it says: the plain form may do */ }
  const [, quoted, plain] = said.match(/filename\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s]+))/i) ?? [];
  return quoted?.replace(/\\(.)/g, "$1") ?? plain;
}
