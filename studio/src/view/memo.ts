import { Component, type ComponentChild, type ComponentType } from "preact";

/**
 * A component that is drawn again only where one of its properties has changed. Elements that
 * are kept themselves, by useMemo, would each keep the whole page of the drawing they come from.
 */
export const memo = <P extends object>(draw: (props: P) => ComponentChild): ComponentType<P> =>
  class extends Component<P> {
    override shouldComponentUpdate(next: P): boolean {
      return Object.entries(next).some(([name, v]) => v !== this.props[name as keyof P]);
    }
    override render() {
      return draw(this.props);
    }
  };
