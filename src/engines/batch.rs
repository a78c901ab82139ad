//! AWS Batch: an array job of workers and a merge, one after the other under Step Functions, whatever became of the
//! first.

use super::{
    EngineFile, MOUNT, NOT_TO_BE_RETRIED, SCENARIO, SUBMIT, Submission, filled, list, scalar,
};
use crate::escape::shell;

const STACK: &str = "\
# Workers as an array job, and the merge after them, also when workers failed. The scenario must be {{where}}.
AWSTemplateFormatVersion: \"2010-09-09\"
Description: {{description}}
Parameters:
  JobQueue:
    Type: String
    Description: The job queue, whose compute environment has room for all workers at one time.
  JobRole:
    Type: String
    Description: The role of workers and merge; orderproof policy prints what it needs.
  ExecutionRole:
    Type: String
    Description: The role with which ECS fetches the image and writes logs.
  Image:
    Type: String
    Default: {{image}}
{{file_system}}Resources:
  Worker:
    Type: AWS::Batch::JobDefinition
    Properties:
      Type: container
      PlatformCapabilities: [FARGATE]
      # A container that is lost before it has sent anything may be started again. One that has begun finds its shard
      # taken, and ends with 42.
      RetryStrategy:
        Attempts: 3
        EvaluateOnExit:
{{exits}}
      ContainerProperties:
{{worker_container}}
  Merge:
    Type: AWS::Batch::JobDefinition
    Properties:
      Type: container
      PlatformCapabilities: [FARGATE]
      RetryStrategy: {Attempts: 1}
      ContainerProperties:
{{merge_container}}
  Run:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      RoleArn: !GetAtt StateMachineRole.Arn
      Definition:
        StartAt: Workers
        States:
          Workers:
            Type: Task
            Resource: !Sub arn:${AWS::Partition}:states:::batch:submitJob.sync
            Parameters:
              JobName: {{job}}-workers
              JobQueue: !Ref JobQueue
              JobDefinition: !Ref Worker
              ArrayProperties: {Size: {{workers}}}
            ResultPath: $.workers
            Next: Merge
            # Also of workers that failed every order is accounted for.
            Catch:
              - ErrorEquals: [States.ALL]
                ResultPath: $.workers
                Next: Merge
          Merge:
            Type: Task
            Resource: !Sub arn:${AWS::Partition}:states:::batch:submitJob.sync
            Parameters:
              JobName: {{job}}-merge
              JobQueue: !Ref JobQueue
              JobDefinition: !Ref Merge
            End: true
  StateMachineRole:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: \"2012-10-17\"
        Statement:
          - Effect: Allow
            Principal: {Service: states.amazonaws.com}
            Action: sts:AssumeRole
      Policies:
        - PolicyName: jobs
          PolicyDocument:
            Version: \"2012-10-17\"
            Statement:
              - Effect: Allow
                Action: [batch:SubmitJob, batch:DescribeJobs, batch:TerminateJob]
                Resource: \"*\"
              - Effect: Allow
                Action: [events:PutTargets, events:PutRule, events:DescribeRule]
                Resource: !Sub arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:rule/StepFunctionsGetEventsForBatchJobsRule
Outputs:
  StateMachine:
    Value: !Ref Run
";

/// The container of workers and merge.
const CONTAINER: &str = "        Image: !Ref Image
        Command: {{command}}
        JobRoleArn: !Ref JobRole
        ExecutionRoleArn: !Ref ExecutionRole
        NetworkConfiguration: {AssignPublicIp: ENABLED}
        ResourceRequirements:
          - {Type: VCPU, Value: \"1\"}
          - {Type: MEMORY, Value: \"2048\"}";

const FILE_SYSTEM: &str = "  FileSystem:
    Type: String
    Default: {{volume}}
    Description: The EFS file system that all workers mount at {{mount}}.
";

/// What a container adds that mounts it.
const MOUNTED: &str = "
        MountPoints:
          - {ContainerPath: {{mount}}, SourceVolume: shared}
        Volumes:
          - Name: shared
            EfsVolumeConfiguration: {FileSystemId: !Ref FileSystem}";

const SUBMIT_SH: &str = "\
#!/bin/sh
# Creates or updates the stack and starts one run: submit.sh JOB_QUEUE JOB_ROLE_ARN EXECUTION_ROLE_ARN
set -eu
cd \"$(dirname \"$0\")\"
[ $# -eq 3 ] || { echo \"usage: submit.sh JOB_QUEUE JOB_ROLE_ARN EXECUTION_ROLE_ARN\" >&2; exit 2; }
{{before}}aws cloudformation deploy --stack-name {{job}} --template-file stack.yaml --capabilities CAPABILITY_IAM \\
  --parameter-overrides JobQueue=\"$1\" JobRole=\"$2\" ExecutionRole=\"$3\"
machine=$(aws cloudformation describe-stacks --stack-name {{job}} --output text \\
  --query \"Stacks[0].Outputs[?OutputKey=='StateMachine'].OutputValue\")
aws stepfunctions start-execution --state-machine-arn \"$machine\"
echo \"the execution ends as the merge does: succeeded is a pass; the report is in {{run_at}}{{on}}\"
";

pub(super) fn files(submission: &Submission) -> Vec<EngineFile> {
    let exits: Vec<_> = NOT_TO_BE_RETRIED
        .iter()
        .map(|code| format!("          - {{Action: EXIT, OnExitCode: \"{code}\"}}"))
        .collect();
    let description = format!(
        "{} by {} workers of orderproof, and its verdict",
        submission.scenario_name, submission.workers
    );
    let mount = || ("mount", MOUNT.to_owned());
    let (file_system, mounted) = match &submission.volume {
        Some(volume) => (
            filled(FILE_SYSTEM, &[("volume", scalar(volume)), mount()]),
            filled(MOUNTED, &[mount()]),
        ),
        None => Default::default(),
    };
    let at_s3 = submission.is_at_s3();
    let container = |arguments: &[String]| {
        filled(CONTAINER, &[("command", list(arguments))]) + mounted.as_str()
    };
    let scenario = &submission.scenario;
    let values = [
        ("job", submission.job()),
        ("workers", submission.workers.to_string()),
        ("description", scalar(&description)),
        ("image", scalar(&submission.image)),
        ("file_system", file_system),
        ("exits", exits.join("\n")),
        ("worker_container", container(&submission.worker())),
        ("merge_container", container(&submission.merge())),
        ("run_at", submission.run_at.clone()),
        (
            "where",
            match at_s3 {
                true => format!("at\n# {scenario}, to which submit.sh copies it"),
                false => format!("on the file system\n# as {scenario}"),
            },
        ),
        (
            "before",
            match at_s3 {
                true => format!("aws s3 cp scenario.toml {}\n", shell(scenario)),
                false => String::new(),
            },
        ),
        (
            "on",
            match at_s3 {
                true => String::new(),
                false => " on the file system".into(),
            },
        ),
    ];
    let file = |name, template| EngineFile {
        name,
        text: filled(template, &values),
    };
    let mut files = vec![file("stack.yaml", STACK), file(SUBMIT, SUBMIT_SH)];
    files.extend(at_s3.then(|| EngineFile {
        name: SCENARIO,
        text: submission.scenario_text.clone(),
    }));
    files
}
