import { describe, expect, it } from 'vitest';
import { GetJobResponse, ListTaskResultsRequest } from '../../gen/cyclorama/job/v1/job_service.ts';
import { findMethod, loadMethods, parseRequest } from './dynamic-methods.ts';

const methods = loadMethods();

describe('dynamic methods', () => {
  it.each(['JobService/GetJob', 'cyclorama.job.v1.JobService/GetJob', '/cyclorama.job.v1.JobService/GetJob'])(
    'are found by %s',
    (word) => {
      expect(findMethod(methods, word).name).toBe('cyclorama.job.v1.JobService/GetJob');
    },
  );

  it('are refused where the name is unknown or stands for several', () => {
    expect(() => findMethod(methods, 'JobService/Nope')).toThrow('call --list');
    expect(() => findMethod(methods, 'ServerReflection/ServerReflectionInfo')).toThrow('write the whole name');
  });

  it('take field names as in the proto or as in JSON, and enums by name', () => {
    const method = findMethod(methods, 'JobService/ListTaskResults');
    for (const text of [
      '{"job_id":"j","outcomes":["OUTCOME_FAILED"],"page_size":5}',
      '{"jobId":"j","outcomes":["OUTCOME_FAILED"],"pageSize":5}',
    ]) {
      const bytes = method.definition.requestSerialize(parseRequest(method, text));
      expect(ListTaskResultsRequest.decode(bytes)).toMatchObject({ jobId: 'j', outcomes: [2], pageSize: 5 });
    }
  });

  it.each(['{"job":1}', '{"jobId":7}', '{', '[]'])('refuse the request %s and name its message', (text) => {
    expect(() => parseRequest(findMethod(methods, 'JobService/GetJob'), text)).toThrow(
      'cyclorama.job.v1.GetJobRequest',
    );
  });

  it('answer in protobuf JSON: big numbers as strings, enums by name, times and structs in their own form', () => {
    const answer = GetJobResponse.fromPartial({
      job: {
        jobId: 'j',
        state: 3,
        counts: { total: 9_007_199_254_740_993n },
        createTime: new Date('2025-01-02T03:04:05Z'),
        spec: { style: 'REPORT_STYLE_VALIDATION' },
      },
    });
    const bytes = Buffer.from(GetJobResponse.encode(answer).finish());
    expect(findMethod(methods, 'JobService/GetJob').definition.responseDeserialize(bytes)).toMatchObject({
      job: {
        state: 'JOB_STATE_SUCCEEDED',
        counts: { total: '9007199254740993' },
        createTime: '2025-01-02T03:04:05Z',
        spec: { style: 'REPORT_STYLE_VALIDATION' },
      },
    });
  });
});
