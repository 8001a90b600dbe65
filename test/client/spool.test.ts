import { describe, test } from 'vitest';
import { createMemorySpool } from '../../client/memory-spool.ts';
import { spoolContract } from '../support/spool-contract.ts';

describe('the memory spool', () => {
  for (const { name, run } of spoolContract(async () => createMemorySpool())) test(name, run);
});
