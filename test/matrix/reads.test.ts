import { describeClasses } from './describe-classes.ts';
import { REQUEST_CLASSES } from './request-classes.ts';

describeClasses(REQUEST_CLASSES.filter(({ method }) => method === 'GET' || method === 'HEAD'));
