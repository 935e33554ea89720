/** What to do where a namespace is being deleted. */
export function afterItsEnd(namespace: string): string {
  return `See what holds it up, and whether it was meant: kubectl get namespace ${namespace} -o yaml. Afterwards run pulumi up again.`;
}
