namespace Managed.Sampling;

/// <summary>The steps that options ask for, in transformers' order for `generate`; llama.cpp's own stand beside their kin.</summary>
internal static class SamplingChain
{
    private sealed record Stage(bool Truncates, Func<SamplingOptions, bool> Wanted, Func<SamplingOptions, Lazy<int[]>, ILogitStep> Make);

    private static readonly Stage[] Order =
    [
        new(false, o => o.GuidanceScale != 1, (o, _) => new Guidance(o.GuidanceScale)),
        new(false, o => o.LogitBias.Count > 0, (o, _) => new LogitBias([.. o.LogitBias])),
        new(false, HasWindow, (o, _) => new WindowPenalties(o.PenaltyWindow!.Value, o.RepetitionPenalty, o.FrequencyPenalty, o.PresencePenalty)),
        new(false, o => !HasWindow(o) && o.RepetitionPenalty != 1, (o, _) => new RepetitionPenalty(o.RepetitionPenalty)),
        new(false, o => !HasWindow(o) && (o.PresencePenalty, o.FrequencyPenalty) != (0, 0), (o, _) => new PresenceFrequency(o.PresencePenalty, o.FrequencyPenalty)),
        new(false, o => o.DryMultiplier != 0, (o, _) => new DontRepeatYourself(o.DryMultiplier, o.DryBase, o.DryAllowedLength, o.DryWindow, [.. o.DryBreakers])),
        new(false, o => o.NoRepeatNgram > 0, (o, _) => new NoRepeatNgram(o.NoRepeatNgram)),
        new(false, o => o.BadWords.Count > 0, (o, end) => BadWords.Without(o.BadWords, end.Value)),
        new(false, o => o.MinNewTokens > 0, (o, end) => new MinNewTokens(o.MinNewTokens, end.Value)),
        new(false, o => o.SuppressTokens.Count > 0, (o, _) => new SuppressTokens([.. o.SuppressTokens])),
        new(true, o => o.DynamicTemperatureRange > 0, (o, _) => new DynamicTemperature(o.Temperature, o.DynamicTemperatureRange, o.DynamicTemperatureExponent)),
        new(true, o => o.DynamicTemperatureRange == 0 && o.Temperature != 1, (o, _) => new Temperature(o.Temperature)),
        new(true, o => o.TopH > 0, (o, _) => new TopH(o.TopH)),
        new(true, o => o.TopNSigma > 0, (o, _) => new TopNSigma(o.TopNSigma)),
        new(true, o => o.TopK > 0, (o, _) => new TopK(o.TopK)),
        new(true, o => o.TopP < 1, (o, _) => new TopP(o.TopP)),
        new(true, o => o.MinP > 0, (o, _) => new MinP(o.MinP)),
        new(true, o => o.TypicalP < 1, (o, _) => new TypicalP(o.TypicalP)),
        new(true, o => o.EpsilonCutoff > 0, (o, _) => new EpsilonCutoff(o.EpsilonCutoff)),
        new(true, o => o.EtaCutoff > 0, (o, _) => new EtaCutoff(o.EtaCutoff)),
        new(true, o => o.XtcProbability > 0, (o, _) => new ExcludeTopChoices(o.XtcProbability, o.XtcThreshold)),
        new(true, o => o.MirostatTau > 0, (o, _) => new MirostatV2(o.MirostatTau, o.MirostatEta)),
    ];

    /// <summary>The steps in order. Greedy choice needs no temperature and no filter: the best token passes them all.</summary>
    public static ILogitStep[] Build(SamplingOptions options, IEnumerable<int> endTokens)
    {
        var ends = new Lazy<int[]>(() => [.. endTokens]); // few steps need them
        return [.. Order.Where(stage => stage.Wanted(options) && !(stage.Truncates && options.Temperature == 0)).Select(stage => stage.Make(options, ends))];
    }

    private static bool HasWindow(SamplingOptions options) =>
        options.PenaltyWindow is not null && (options.RepetitionPenalty, options.FrequencyPenalty, options.PresencePenalty) != (1, 0, 0);
}
