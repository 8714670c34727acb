using Managed.Kernels;

namespace Managed.Tests.Devices;

/// <summary>Units of an operation are taken once each, by whoever has time.</summary>
public class WorkSharesTests
{
    [Test]
    public void Every_unit_is_taken_once_whoever_comes([Values(1, 2, 3, 7)] int workers, [Values(0, 1, 2, 5, 96, 1001)] int units, [Values(0, 1, 8, 5000)] int least)
    {
        for (int only = -1; only < workers; only++)
        {
            var shares = new WorkShares(workers);
            shares.Set(units);
            var taken = new int[units];
            bool any = true;
            for (int turn = 0; any; turn++)
            {
                int worker = only < 0 ? turn % workers : only;
                any = shares.TryTake(worker, least, out int first, out int end);
                Assert.That(end, any ? Is.GreaterThan(first) : Is.EqualTo(first));
                for (int unit = first; unit < end; unit++)
                    taken[unit]++;
            }
            Assert.That(taken, Is.All.EqualTo(1), only < 0 ? "in turn" : $"worker {only} alone");
        }
    }

    [Test]
    public void A_worker_goes_on_where_it_was_and_then_takes_from_anothers_end()
    {
        var shares = new WorkShares(2);
        shares.Set(16);
        var runs = new List<(int First, int End)>();
        while (shares.TryTake(0, 2, out int first, out int end))
            runs.Add((first, end));
        Assert.That(runs, Is.EqualTo(new[] { (0, 4), (4, 6), (6, 8), (12, 16), (10, 12), (8, 10) }));
    }

    [Test]
    public void Threads_that_take_from_each_other_leave_nothing_and_take_nothing_twice()
    {
        const int Workers = 4, Units = 10_000, Rounds = 20;
        var shares = new WorkShares(Workers);
        for (int round = 0; round < Rounds; round++)
        {
            shares.Set(Units);
            var taken = new int[Units];
            var threads = new Thread[Workers];
            for (int worker = 0; worker < Workers; worker++)
            {
                int own = worker;
                threads[worker] = new Thread(() =>
                {
                    while (shares.TryTake(own, 1, out int first, out int end))
                        for (int unit = first; unit < end; unit++)
                            Interlocked.Increment(ref taken[unit]);
                });
            }
            Array.ForEach(threads, thread => thread.Start());
            Array.ForEach(threads, thread => thread.Join());
            Assert.That(taken, Is.All.EqualTo(1));
        }
    }
}
