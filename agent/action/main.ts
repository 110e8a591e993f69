/**
 * The action's second entry: where the step itself stands in the job.
 *
 * @module
 */
import { main } from "./stages.ts";

process.exit(await main(process.env));
