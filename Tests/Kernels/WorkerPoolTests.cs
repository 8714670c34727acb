using Managed.Kernels;

namespace Managed.Tests.Devices;

public class WorkerPoolTests
{
    private sealed class Counting(int workers) : IParallelWork
    {
        public readonly int[] Runs = new int[workers];

        public void Run(int index, int count) => Runs[index]++;
    }

    private sealed class Throwing : IParallelWork
    {
        public void Run(int index, int count)
        {
            if (index == 1)
                throw new InvalidOperationException("worker 1");
        }
    }

    private sealed class Waiting : IParallelWork
    {
        public int Prepared;
        public int Sum;

        public void Run(int index, int count)
        {
            while (Volatile.Read(ref Prepared) == 0)
                Thread.SpinWait(1);
            Interlocked.Add(ref Sum, Prepared);
        }
    }

    [Test]
    public void Parts_that_begin_early_wait_for_what_the_caller_prepares()
    {
        using var pool = new WorkerPool(3);
        for (int piece = 1; piece <= 2000; piece++)
        {
            var work = new Waiting();
            pool.Begin(work, 5);
            Volatile.Write(ref work.Prepared, piece);
            pool.Finish();
            Assert.That(work.Sum, Is.EqualTo(5 * piece));
        }
    }

    [Test]
    public void Every_worker_does_its_part_exactly_once_however_short_the_pieces_and_the_pauses()
    {
        using var pool = new WorkerPool(4);
        var work = new Counting(4);
        for (int piece = 1; piece <= 20000; piece++)
        {
            pool.Run(work);
            if (work.Runs.Any(runs => runs != piece))
                Assert.Fail($"after piece {piece} the workers had run {string.Join(", ", work.Runs)} times");
            if (piece % 5000 == 0)
                Thread.Sleep(20); // long enough for workers to fall asleep
        }
        Assert.That(work.Runs, Is.All.EqualTo(20000));
    }

    [Test]
    public void More_parts_than_workers_are_each_done_once()
    {
        using var pool = new WorkerPool(2);
        var work = new Counting(7);
        for (int piece = 0; piece < 5000; piece++)
            pool.Run(work, 7);
        Assert.That(work.Runs, Is.All.EqualTo(5000));
    }

    [Test]
    public void A_part_that_fails_is_reported_to_the_caller_and_the_pool_goes_on()
    {
        using var pool = new WorkerPool(3);
        Assert.That(() => pool.Run(new Throwing()), Throws.TypeOf<DeviceException>().With.Message.Contains("worker 1"));
        var work = new Counting(3);
        pool.Run(work);
        Assert.That(work.Runs, Is.All.EqualTo(1));
    }
}
