import { describeClasses } from './describe-classes.ts';
import { promotionScenario } from './promotion-scenario.ts';
import { REQUEST_CLASSES } from './request-classes.ts';

const READS = REQUEST_CLASSES.filter(({ method }) => method === 'GET' || method === 'HEAD');

describeClasses(promotionScenario('whole', READS));
