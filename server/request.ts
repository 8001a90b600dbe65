import type { IncomingMessage } from 'node:http';
import type { HttpBindings } from '@hono/node-server';

/**
 * Node's own request behind Hono's. As a body it keeps what arrived before a cut; the web stream of a cut request loses
 * half of it (field note 9).
 */
export function incomingOf(c: { env: unknown }): IncomingMessage {
  return (c.env as HttpBindings).incoming;
}

/** The address that a request comes from, as far as its proxies are believed. */
export type AddressOf = (request: IncomingMessage) => string;
