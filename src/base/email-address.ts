/**
 * True for the email address of an account. It becomes a part of a URL and an argument of gcloud, so it is letters,
 * digits and a few marks, and never begins with a dash.
 */
export function isEmailAddress(text: string): boolean {
  return EMAIL.test(text);
}

const EMAIL = /^\w[\w.+-]*@\w[\w-]*(?:\.\w[\w-]*)*$/;
