import js from '@eslint/js';
import hooks from 'eslint-plugin-react-hooks';
import globals from 'globals';
import ts from 'typescript-eslint';

export default ts.config(
  { ignores: ['dist', 'node_modules', 'tools', 'src/api/schema.d.ts'] },
  js.configs.recommended,
  ...ts.configs.strict,
  { files: ['src/**/*.{ts,tsx}'], languageOptions: { globals: globals.browser } },
  { files: ['e2e/**/*.mjs', 'bench/**/*.mjs', '*.{js,ts}'], languageOptions: { globals: { ...globals.node, document: 'readonly' } } },
  hooks.configs.flat['recommended-latest'],
  { rules: { '@typescript-eslint/no-non-null-assertion': 'error', 'no-console': 'error' } },
  { files: ['bench/**/*.mjs'], rules: { 'no-console': 'off' } },
);
