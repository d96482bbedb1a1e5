/**
 * What TypeDoc leaves out of docs/library/reference.md, beside what its options say: what a class has from another one,
 * for it stands there or with Node, and how to construct what nobody but the library constructs. What an interface has
 * from another one stays, as its own.
 */
import { Converter, ReflectionKind } from 'typedoc';

export function load(app) {
  app.converter.on(Converter.EVENT_RESOLVE_END, ({ project }) => {
    for (const reflection of Object.values(project.reflections)) {
      if (reflection.name === '__namedParameters') reflection.name = 'options';
      if (reflection.kindOf(ReflectionKind.Interface)) {
        reflection.extendedTypes = reflection.extendedTypes?.filter((type) => type.reflection !== undefined);
      }
      if (reflection.parent?.kindOf(ReflectionKind.Interface)) {
        delete reflection.inheritedFrom;
        delete reflection.overwrites;
      }
      const elsewhere = reflection.inheritedFrom !== undefined || reflection.overwrites !== undefined;
      if (elsewhere || reflection.kindOf(ReflectionKind.Constructor)) project.removeReflection(reflection);
    }
  });
}
