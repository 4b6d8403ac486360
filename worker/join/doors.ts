import type { Context, Hono } from "hono";
import type { Exchange } from "../exchange.ts";
import { chimeRoutes } from "./providers/chime/routes.ts";

/**
 * Doors of providers that let somebody in, or open a seat. They stand apart from the providers themselves, which the story of a join knows:
 * a door knows the story.
 */
export const doors: readonly ((app: Hono, exchange: (c: Context) => Exchange) => void)[] = [chimeRoutes];
