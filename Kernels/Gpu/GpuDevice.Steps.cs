using ILGPU.Runtime.Cuda;
using Managed.Ilgpu.Extensions;

namespace Managed.Kernels.Gpu;

internal sealed partial class GpuDevice
{
    /// <summary>Positions are rounded up to this, and from there on to powers of two: a recording serves all texts up to its bound.</summary>
    private const int ShortestBound = 512;

    private readonly record struct RecordingKey(StepKey Step, int LongestText, int EditLayout, bool Joins);

    private readonly record struct Recording(LaunchGraph Graph, Rows Results);

    private readonly Dictionary<RecordingKey, Recording> recordings = [];
    private readonly HashSet<RecordingKey> met = [];
    private long recordedGeneration;

    /// <summary>Positions that the launches of this step must be good for; 0: those of the plan.</summary>
    private int textBound;

    public Rows Step(StepPlan plan, in CacheLayout layout, StepKey? key, Func<Rows> operations)
    {
        (prepared, lastNorm) = (default, null); // a recording neither finds nor leaves anything
        if (key is not { } wanted || !Follow(plan, layout))
            return Run(operations);
        textBound = Bound(plan);
        try
        {
            var full = new RecordingKey(wanted, textBound, edits.Layout, Joins);
            if (recordedGeneration != memory.Generation)
                ForgetRecordings();
            if (recordings.TryGetValue(full, out Recording known))
                return Play(known);
            // The first of its kind runs as it is: kernels are compiled and memory grows.
            if (met.Add(full))
                return Run(operations);
            Recording recording = Record(operations);
            recordings[full] = recording;
            return Play(recording);
        }
        finally
        {
            textBound = 0;
        }
    }

    private Rows Run(Func<Rows> operations)
    {
        isInStep = true;
        try
        {
            Rows results = operations();
            LaunchWhatWaits();
            return results;
        }
        finally
        {
            (isInStep, waiting, waitingNorm, waitingTurn, moved) = (false, null, null, null, null);
        }
    }

    private Rows Play(Recording recording)
    {
        memory.Played++;
        (prepared, lastNorm) = (default, null);
        recording.Graph.Launch(memory.Stream);
        return recording.Results;
    }

    // Everything that changes from step to step goes to where recorded launches look for it.
    private bool Follow(StepPlan plan, in CacheLayout layout)
    {
        if (accelerator is not CudaAccelerator)
            return false;
        step.Follow(plan, layout);
        edits.Follow(plan);
        int furthest = Furthest(plan);
        foreach (RopeAngles turns in angles)
            turns.Reaching(furthest);
        return !edits.NeedHost;
    }

    private Recording Record(Func<Rows> operations)
    {
        Rows results = default;
        memory.IsRecording = true;
        try
        {
            LaunchGraph graph = LaunchGraph.Record(memory.Stream, _ => results = Run(operations));
            return new Recording(graph, results);
        }
        finally
        {
            memory.IsRecording = false;
        }
    }

    private void ForgetRecordings()
    {
        foreach (Recording recording in recordings.Values)
            recording.Graph.Dispose();
        recordings.Clear();
        met.Clear();
        recordedGeneration = memory.Generation;
    }

    private static int Furthest(StepPlan plan)
    {
        int furthest = 0;
        for (int t = 0; t < plan.Count; t++)
            furthest = Math.Max(furthest, plan.Positions[t]);
        return furthest;
    }

    private static int Bound(StepPlan plan)
    {
        int bound = ShortestBound, furthest = Furthest(plan);
        while (bound <= furthest)
            bound *= 2;
        return bound;
    }
}
