type Child = Node | string;

/** An element. Texts become text nodes, so that nothing in them is markup. */
export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Readonly<Record<string, string>> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** A button that does not send a form. */
export function button(label: string, onClick: () => void, name = label): HTMLButtonElement {
  const made = element(
    'button',
    { type: 'button', ...(name === label ? {} : { 'aria-label': name }) },
    label,
  );
  made.addEventListener('click', onClick);
  return made;
}

export function section(title: string, id: string, ...children: readonly Child[]): HTMLElement {
  const heading = `${id}-title`;
  return element(
    'section',
    { id, 'aria-labelledby': heading },
    element('h2', { id: heading }, title),
    ...children,
  );
}

/** Names and values. */
export function factList(facts: readonly (readonly [string, Child])[]): HTMLElement {
  const pairs = facts.map(([name, value]) =>
    element('div', {}, element('dt', {}, name), element('dd', {}, value)),
  );
  return element('dl', {}, ...pairs);
}

export function formatCount(count: number): string {
  return count.toLocaleString('en');
}
