import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['dist', 'node_modules'] },
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      'max-lines': ['error', 300],
      // A number in a message is clear as it stands.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // The wrappers in shared/codec/aead-*.ts are the only places that may open or seal.
      'no-restricted-imports': [
        'error',
        {
          paths: [
            {
              name: 'node:crypto',
              importNames: ['createDecipheriv', 'createCipheriv'],
              message: 'Only shared/codec/aead-native.ts seals and opens: it always checks the tag.',
            },
            {
              name: 'node:dns',
              importNames: ['lookup'],
              message: 'Two dead names stall every lookup: use shared/net/resolve.ts.',
            },
          ],
        },
      ],
    },
  },
  { files: ['shared/codec/aead-native.ts'], rules: { 'no-restricted-imports': 'off' } },
);
