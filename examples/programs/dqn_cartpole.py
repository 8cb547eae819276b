"""Deep Q-learning with a target network and replay memory on a cart with a pole, written out here."""
import argparse
import os
import random
from collections import deque

import numpy as np
import tensorflow as tf


class CartPole(object):
    """The cart and pole of Barto, Sutton and Anderson, as gym has it."""

    action_count, state_size, limit = 2, 4, 100

    def __init__(self, seed):
        self.rng = np.random.RandomState(seed)

    def reset(self):
        self.state, self.steps = self.rng.uniform(-0.05, 0.05, size=4), 0
        return self.state.copy()

    def step(self, action):
        x, v, angle, w = self.state
        force = 10.0 if action == 1 else -10.0
        cos, sin = np.cos(angle), np.sin(angle)
        temp = (force + 0.05 * w ** 2 * sin) / 1.1
        acceleration = (9.8 * sin - cos * temp) / (0.5 * (4.0 / 3.0 - 0.1 * cos ** 2 / 1.1))
        x_acceleration = temp - 0.05 * acceleration * cos / 1.1
        self.state = np.array([x + 0.02 * v, v + 0.02 * x_acceleration,
                               angle + 0.02 * w, w + 0.02 * acceleration])
        self.steps += 1
        fell = abs(self.state[0]) > 2.4 or abs(self.state[2]) > 12 * np.pi / 180
        return self.state.copy(), 1.0, fell or self.steps >= self.limit, fell


class DQN(object):
    """Q network, target network, and what trains the one towards the other."""

    def __init__(self, sess, env, args):
        self.sess, self.env, self.args = sess, env, args
        self.replay_buffer = deque(maxlen=5000)
        self.epsilon = 1.0
        self.create_networks()
        self.create_training_method()
        self.merged = tf.summary.merge_all()
        self.saver = tf.train.Saver({v.op.name: v for v in tf.global_variables()})
        self.writer = tf.summary.FileWriter(args.log_dir, sess.graph)
        sess.run(tf.global_variables_initializer())
        sess.run(self.update_target)

    def network(self, state, collection):
        names = [collection, tf.GraphKeys.GLOBAL_VARIABLES]
        w_init, b_init = tf.random_normal_initializer(0., 0.3), tf.constant_initializer(0.1)
        with tf.variable_scope('l1'):
            w1 = tf.get_variable('w1', [self.env.state_size, 24], initializer=w_init, collections=names)
            b1 = tf.get_variable('b1', [1, 24], initializer=b_init, collections=names)
            l1 = tf.nn.relu(tf.matmul(state, w1) + b1)
        with tf.variable_scope('value'):
            w2 = tf.get_variable('w2', [24, 1], initializer=w_init, collections=names)
            value = tf.matmul(l1, w2)
        with tf.variable_scope('advantage'):
            w3 = tf.get_variable('w3', [24, self.env.action_count], initializer=w_init, collections=names)
            advantage = tf.matmul(l1, w3)
        return value + (advantage - tf.reduce_mean(advantage, axis=1, keep_dims=True))

    def create_networks(self):
        self.state = tf.placeholder('float', [None, self.env.state_size], name='s')
        self.next_state = tf.placeholder('float', [None, self.env.state_size], name='s_')
        with tf.variable_scope('eval_net'):
            self.q_eval = self.network(self.state, 'eval_net_params')
        with tf.variable_scope('target_net'):
            self.q_next = self.network(self.next_state, 'target_net_params')
        pairs = zip(tf.get_collection('target_net_params'), tf.get_collection('eval_net_params'))
        self.update_target = [tf.assign(t, e) for t, e in pairs]

    def create_training_method(self):
        self.action = tf.placeholder('int32', [None], name='a')
        self.reward = tf.placeholder('float', [None], name='r')
        self.alive = tf.placeholder('float', [None], name='alive')
        best = tf.argmax(self.q_eval_of_next(), axis=1, output_type=tf.int32)
        indices = tf.stack([tf.range(tf.shape(best)[0]), best], axis=1)
        target = self.reward + self.args.gamma * self.alive * tf.gather_nd(self.q_next, indices)
        taken = tf.reduce_sum(self.q_eval * tf.one_hot(self.action, self.env.action_count), axis=1)
        with tf.variable_scope('loss'):
            self.loss = tf.reduce_mean(tf.losses.huber_loss(
                tf.stop_gradient(target), taken, reduction=tf.losses.Reduction.NONE))
        tf.summary.scalar('loss', self.loss)
        tf.summary.histogram('q', self.q_eval)
        with tf.variable_scope('train'):
            self.step = tf.Variable(0, trainable=False, name='step')
            rate = tf.train.polynomial_decay(5e-3, self.step, 1500, 1e-3)
            optimizer = tf.train.RMSPropOptimizer(rate, momentum=0.5)
            gradients, variables = zip(*optimizer.compute_gradients(
                self.loss, var_list=tf.get_collection('eval_net_params')))
            gradients = [None if g is None else tf.clip_by_norm(g, 5.0) for g in gradients]
            self.train_op = optimizer.apply_gradients(zip(gradients, variables), global_step=self.step)

    def q_eval_of_next(self):
        with tf.variable_scope('eval_net', reuse=True):
            return self.network(self.next_state, 'not_collected')

    def act(self, state):
        if random.random() < self.epsilon:
            return random.randrange(self.env.action_count)
        return int(np.argmax(self.q_eval.eval(feed_dict={self.state: [state]})[0]))

    def learn(self):
        minibatch = random.sample(list(self.replay_buffer), self.args.batch_size)
        states, actions, rewards, next_states, fell = map(np.array, zip(*minibatch))
        feed = {self.state: states, self.action: actions, self.reward: rewards,
                self.next_state: next_states, self.alive: 1.0 - fell}
        summary, loss, _, step = self.sess.run([self.merged, self.loss, self.train_op, self.step], feed)
        if step % 50 == 0:
            self.sess.run(self.update_target)
            self.writer.add_summary(summary, global_step=step)
        self.epsilon = max(0.02, self.epsilon * 0.995)
        return loss


def play(env, agent, episodes, learning):
    total = []
    for episode in range(episodes):
        state, done, loss = env.reset(), False, 0.0
        while not done:
            action = agent.act(state)
            next_state, reward, done, fell = env.step(action)
            if learning:
                agent.replay_buffer.append((state, action, reward if not fell else -1.0, next_state, float(fell)))
                if len(agent.replay_buffer) > agent.args.batch_size:
                    loss = agent.learn()
            state = next_state
        total.append(env.steps)
        if learning and episode % 10 == 0:
            print('episode %d lasted %d, loss %.5f, epsilon %.3f' % (episode, env.steps, loss, agent.epsilon))
    return total


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--log_dir', default='dqn_logs')
    parser.add_argument('--episodes', type=int, default=25)
    parser.add_argument('--batch_size', type=int, default=32)
    parser.add_argument('--gamma', type=float, default=0.95)
    args = parser.parse_args()
    random.seed(1)
    np.random.seed(1)
    tf.set_random_seed(1)
    env = CartPole(1)
    sess = tf.InteractiveSession(config=tf.ConfigProto(intra_op_parallelism_threads=1))
    agent = DQN(sess, env, args)
    lasted = play(env, agent, args.episodes, learning=True)
    print('first ten %.1f, last ten %.1f' % (np.mean(lasted[:10]), np.mean(lasted[-10:])))
    agent.saver.save(sess, os.path.join(args.log_dir, 'dqn'), global_step=agent.step)
    agent.epsilon = 0.0
    print('without exploring %.1f' % np.mean(play(env, agent, 5, learning=False)))
    sess.close()


if __name__ == '__main__':
    main()
