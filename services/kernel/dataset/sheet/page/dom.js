/** Finds the element of a selector. */
export const $ = (selector) => document.querySelector(selector);

/** Makes an element with a class and children; texts are never read as markup. */
export function make(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children.filter((child) => child !== undefined));
  return element;
}
