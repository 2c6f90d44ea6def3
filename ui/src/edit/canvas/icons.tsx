import {
  IconAbc, IconApi, IconArchive, IconBrackets, IconCalendar, IconCode, IconDatabase, IconDice5, IconFile, IconFileTypePdf, IconFileWord, IconGitFork, IconHash, IconKey, IconListDetails, IconLock, IconMail, IconMap2,
  IconMathFunction, IconMessage, IconPhoto, IconRouter, IconScan, IconServer, IconSquare, IconTable, IconTableFilled, IconTerminal2, IconUserQuestion, IconVariable, IconWorld, IconWorldWww,
} from '@tabler/icons-react';
import type { ComponentType } from 'react';

const icons: Record<string, ComponentType<{ size?: number; stroke?: number }>> = {
  archive: IconArchive, crypto: IconLock, csv: IconTable, date: IconCalendar, db: IconDatabase, dialog: IconMessage, doc: IconFileWord, file: IconFile, flow: IconGitFork, ftp: IconServer,
  hash: IconHash, html: IconCode, http: IconApi, image: IconPhoto, item: IconUserQuestion, json: IconBrackets, list: IconListDetails, mail: IconMail, map: IconMap2, math: IconMathFunction, ocr: IconScan,
  pdf: IconFileTypePdf, random: IconDice5, script: IconTerminal2, sftp: IconServer, sheet: IconTableFilled, ssh: IconKey, sys: IconRouter, table: IconTable, text: IconAbc, var: IconVariable, web: IconWorldWww, xml: IconCode, yaml: IconBrackets, net: IconWorld,
};

/** The picture of a family of nodes. */
export function FamilyIcon({ type, size = 18 }: { type: string; size?: number }) {
  const Icon = icons[type.split('.')[0] ?? ''] ?? IconSquare;
  return <span className="family" aria-hidden><Icon size={size} stroke={1.7} /></span>;
}
