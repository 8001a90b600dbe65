import { describe, test } from 'vitest';
import { createMemorySpool } from '../../../client/spool/memory-spool.ts';
import { spoolContract } from '../../support/tus/spool-contract.ts';

describe('the memory spool', () => {
  for (const { name, run } of spoolContract(async () => createMemorySpool())) test(name, run);
});
