import { describeClasses } from './describe-classes.ts';
import { promotionScenario } from './promotion-scenario.ts';
import { CHUNK_CLASSES } from './request-classes.ts';

describeClasses(promotionScenario('chunks', CHUNK_CLASSES));
