import type { Context, Hono } from "hono";
import type { Exchange } from "../../exchange.ts";
import { chimeRoutes } from "./chime/routes.ts";
import { vonageRoutes } from "./vonage/routes.ts";
import { soraRoutes } from "./sora/routes.ts";
import { whipRoutes } from "./webrtc/whip/routes.ts";

export type Doors = (app: Hono, exchange: (c: Context) => Exchange) => void;

/** Doors of providers that tell the story of a join themselves. They stand apart from the providers, which that story asks. */
export const doors: readonly Doors[] = [chimeRoutes, soraRoutes, vonageRoutes, whipRoutes];
