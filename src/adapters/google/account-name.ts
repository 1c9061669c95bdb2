/** True for the email address of an account: it becomes a part of a URL and an argument of gcloud. */
export function isAccountName(text: string): boolean {
  return EMAIL.test(text);
}

const EMAIL = /^\w[\w.+-]*@\w[\w.-]*$/;
