import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";
import { FileOrder } from "./support/file-order.ts";
import { PATIENCE_MS } from "./support/patience.ts";

const secrets = {
	ADMIN_TOKEN: "test-admin-token",
	GRANT_SECRET: "test-grant-secret",
	CONTENT_SECRET: "test-content-secret",
};
Object.assign(process.env, secrets); // `secrets.required` of wrangler.toml looks here

/** How long the random searches go on, and from where (test/worker/limits/model.test.ts); their own values when these are not given. */
const { LIMITS_RUNS = "", LIMITS_SEED = "" } = process.env;
const searches = { LIMITS_RUNS, LIMITS_SEED };

export default defineConfig({
	root: new URL("..", import.meta.url).pathname,
	test: {
		// All cores: most end-to-end tests wait for players, alarms and clocks more than they compute.
		maxWorkers: "100%",
		sequence: { sequencer: FileOrder },
		teardownTimeout: 60_000,
		projects: [
			{
				plugins: [
					cloudflareTest({
						wrangler: { configPath: "./wrangler.toml" },
						miniflare: {
							bindings: { ...secrets, ENVIRONMENT: "local", TRUST_CLIENT_HEADERS: "true", DECISION_LOG: "none" },
						},
					}),
				],
				test: {
					name: "worker",
					include: ["test/worker/**/*.test.ts"],
					restoreMocks: true,
					testTimeout: 120_000, // bounds for what hangs, not for a machine that is busy
					hookTimeout: 120_000,
					env: searches,
				},
			},
			{
				test: {
					name: "node",
					include: [
						"test/*.test.ts",
						"test/client/**/*.test.ts",
						"test/kv-seed/**/*.test.ts",
						"test/e2e/**/*.test.ts",
						"test/sim/**/*.test.ts",
					],
					environment: "node",
					globalSetup: ["test/support/build-once.ts"],
					expect: { poll: { timeout: PATIENCE_MS } },
					testTimeout: 3 * PATIENCE_MS,
					hookTimeout: 3 * PATIENCE_MS,
				},
			},
		],
	},
});
