using Managed.Kernels;

namespace Managed.Tests.Devices;

public class WorkQueueTests
{
    // Notes that it was done, and checks that all that comes before it was.
    private sealed class Entry(int[] log, int number, int parts) : IQueuedWork
    {
        private int done;

        public int Parts => parts;

        public Action<int>? Also { get; init; }

        public void Run(int part, int worker)
        {
            if (number > 0 && Volatile.Read(ref log[number - 1]) == 0)
                throw new InvalidOperationException($"{number} began before {number - 1} was done");
            Also?.Invoke(part);
            if (Interlocked.Increment(ref done) == parts)
                Interlocked.Increment(ref log[number]);
        }
    }

    [Test]
    public void Every_part_of_every_operation_is_done_once_and_in_order([Values(1, 2, 3, 5)] int threads)
    {
        using var pool = new WorkerPool(threads);
        var queue = new WorkQueue(pool);
        for (int round = 0; round < 30; round++)
        {
            var log = new int[1500]; // more than the queue holds
            for (int i = 0; i < log.Length; i++)
                queue.Add(new Entry(log, i, parts: 1 + ((i + round) % 7)));
            queue.Finish();
            Assert.That(log, Is.All.EqualTo(1));
        }
    }

    [Test]
    public void Parts_of_workers_that_come_late_are_done_by_others()
    {
        using var pool = new WorkerPool(3);
        var queue = new WorkQueue(pool);
        using var blocked = new SemaphoreSlim(0);
        var log = new int[2];
        int begun = 0;
        // One worker stays in its part of the first operation until all other parts of it have begun, those that it might have done included.
        queue.Add(new Entry(log, 0, parts: 6)
        {
            Also = _ =>
            {
                int nth = Interlocked.Increment(ref begun);
                if (nth == 1)
                    blocked.Wait();
                else if (nth == 6)
                    blocked.Release();
            },
        });
        queue.Add(new Entry(log, 1, parts: 3));
        queue.Finish();
        Assert.That(log, Is.EqualTo(new[] { 1, 1 }));
    }

    [Test]
    public void What_fails_is_told_at_the_end_and_the_queue_goes_on([Values(2, 3)] int threads)
    {
        using var pool = new WorkerPool(threads);
        var queue = new WorkQueue(pool);
        var log = new int[3];
        queue.Add(new Entry(log, 0, parts: 3));
        queue.Add(new Entry(log, 1, parts: 3) { Also = part => throw new ArithmeticException($"part {part}") });
        Assert.That(queue.Finish, Throws.TypeOf<DeviceException>().With.Message.Contains("part"));

        queue.Add(new Entry(log, 2, parts: 1)); // fails, since what comes before it was never done
        queue.Abandon();
        Array.Clear(log);
        for (int i = 0; i < 3; i++)
            queue.Add(new Entry(log, i, parts: 2));
        queue.Finish();
        Assert.That(log, Is.All.EqualTo(1));
    }

    [Test]
    public void A_queue_without_work_is_finished() => Assert.That(() =>
    {
        using var pool = new WorkerPool(2);
        new WorkQueue(pool).Finish();
    }, Throws.Nothing);
}
