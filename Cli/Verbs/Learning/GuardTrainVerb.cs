using System.CommandLine;

namespace Managed.Cli.Verbs.Learning;

/// <summary>`managed guard train`: what guards need to learn, each in a file of its own.</summary>
internal static class GuardTrainVerb
{
    public static Command Create() => new("train", "Trains what guards read and write with: probes, heads, critics, function vectors.")
    {
        TrainProbeVerb.Create(twoLayers: false),
        TrainProbeVerb.Create(twoLayers: true),
        TrainPilotVerb.Create(),
        TrainHeadVerb.Create(),
        TrainCriticVerb.Create(),
        TrainFunctionVectorVerb.Create(),
    };
}
