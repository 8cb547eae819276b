"""Asynchronous advantage actor-critic: worker threads with networks of their own, one global network, a Coordinator."""
import argparse
import multiprocessing
import os
import threading

import numpy as np
import tensorflow as tf

GLOBAL_NET_SCOPE = 'Global_Net'
UPDATE_GLOBAL_ITER = 10
GAMMA = 0.9
ENTROPY_BETA = 0.01
LR_A = 0.01
LR_C = 0.01
GLOBAL_RUNNING_R = []
GLOBAL_EP = 0
N_S, N_A = 3, 3


class Corridor(object):
    """Walk to a door whose place is told at the start: left, stay or right. Fifteen steps at most."""

    def __init__(self, seed):
        self.rng = np.random.RandomState(seed)

    def reset(self):
        self.position, self.time = 0, 0
        self.door = self.rng.choice([-4, -3, 3, 4])
        return self.observe()

    def observe(self):
        return np.array([self.position / 4., self.door / 4., self.time / 15.])

    def step(self, action):
        self.position = int(np.clip(self.position + action - 1, -5, 5))
        self.time += 1
        arrived = self.position == self.door
        return self.observe(), 1.0 if arrived else -0.1, arrived or self.time >= 15


class ACNet(object):
    def __init__(self, scope, sess, optimizers, globalAC=None):
        self.sess = sess
        if scope == GLOBAL_NET_SCOPE:  # get global network
            with tf.variable_scope(scope):
                self.s = tf.placeholder(tf.float32, [None, N_S], 'S')
                self.a_params, self.c_params = self._build_net(scope)[-2:]
        else:  # local net, calculate losses
            with tf.variable_scope(scope):
                self.s = tf.placeholder(tf.float32, [None, N_S], 'S')
                self.a_his = tf.placeholder(tf.int32, [None, ], 'A')
                self.v_target = tf.placeholder(tf.float32, [None, 1], 'Vtarget')
                self.a_prob, self.v, self.a_params, self.c_params = self._build_net(scope)
                td = tf.subtract(self.v_target, self.v, name='TD_error')
                with tf.name_scope('c_loss'):
                    self.c_loss = tf.reduce_mean(tf.square(td))
                with tf.name_scope('a_loss'):
                    log_prob = tf.reduce_sum(
                        tf.log(self.a_prob + 1e-5) * tf.one_hot(self.a_his, N_A, dtype=tf.float32),
                        axis=1, keep_dims=True)
                    exp_v = log_prob * tf.stop_gradient(td)
                    entropy = -tf.reduce_sum(self.a_prob * tf.log(self.a_prob + 1e-5), axis=1, keep_dims=True)
                    self.a_loss = tf.reduce_mean(-(ENTROPY_BETA * entropy + exp_v))
                with tf.name_scope('local_grad'):
                    self.a_grads = tf.gradients(self.a_loss, self.a_params)
                    self.c_grads = tf.gradients(self.c_loss, self.c_params)
            with tf.name_scope('sync'):
                with tf.name_scope('pull'):
                    self.pull_a_params_op = [l_p.assign(g_p) for l_p, g_p in zip(self.a_params, globalAC.a_params)]
                    self.pull_c_params_op = [l_p.assign(g_p) for l_p, g_p in zip(self.c_params, globalAC.c_params)]
                with tf.name_scope('push'):
                    opt_a, opt_c = optimizers
                    self.update_a_op = opt_a.apply_gradients(zip(self.a_grads, globalAC.a_params))
                    self.update_c_op = opt_c.apply_gradients(zip(self.c_grads, globalAC.c_params))

    def _build_net(self, scope):
        w_init = tf.random_normal_initializer(0., .1)
        with tf.variable_scope('actor'):
            l_a = tf.layers.dense(self.s, 30, tf.nn.relu6, kernel_initializer=w_init, name='la')
            a_prob = tf.layers.dense(l_a, N_A, tf.nn.softmax, kernel_initializer=w_init, name='ap')
        with tf.variable_scope('critic'):
            l_c = tf.layers.dense(self.s, 20, tf.nn.relu6, kernel_initializer=w_init, name='lc')
            v = tf.layers.dense(l_c, 1, kernel_initializer=w_init, name='v')
        a_params = tf.get_collection(tf.GraphKeys.TRAINABLE_VARIABLES, scope=scope + '/actor')
        c_params = tf.get_collection(tf.GraphKeys.TRAINABLE_VARIABLES, scope=scope + '/critic')
        return a_prob, v, a_params, c_params

    def update_global(self, feed_dict):
        self.sess.run([self.update_a_op, self.update_c_op], feed_dict)

    def pull_global(self):
        self.sess.run([self.pull_a_params_op, self.pull_c_params_op])

    def choose_action(self, s, rng):
        prob_weights = self.sess.run(self.a_prob, feed_dict={self.s: s[np.newaxis, :]})
        p = prob_weights.ravel().astype(np.float64)
        return rng.choice(N_A, p=p / p.sum())


class Worker(object):
    def __init__(self, index, sess, coord, optimizers, globalAC, args):
        self.env = Corridor(index)
        self.rng = np.random.RandomState(100 + index)
        self.name = 'W_%i' % index
        self.coord, self.args, self.sess = coord, args, sess
        self.AC = ACNet(self.name, sess, optimizers, globalAC)

    def work(self):
        global GLOBAL_EP
        total_step = 1
        buffer_s, buffer_a, buffer_r = [], [], []
        while not self.coord.should_stop() and GLOBAL_EP < self.args.episodes:
            s = self.env.reset()
            ep_r = 0
            while True:
                a = self.AC.choose_action(s, self.rng)
                s_, r, done = self.env.step(a)
                ep_r += r
                buffer_s.append(s)
                buffer_a.append(a)
                buffer_r.append(r)
                if total_step % UPDATE_GLOBAL_ITER == 0 or done:
                    v_s_ = 0 if done else self.sess.run(self.AC.v, {self.AC.s: s_[np.newaxis, :]})[0, 0]
                    buffer_v_target = []
                    for r in buffer_r[::-1]:
                        v_s_ = r + GAMMA * v_s_
                        buffer_v_target.append(v_s_)
                    buffer_v_target.reverse()
                    self.AC.update_global({
                        self.AC.s: np.vstack(buffer_s), self.AC.a_his: np.array(buffer_a),
                        self.AC.v_target: np.vstack(buffer_v_target)})
                    buffer_s, buffer_a, buffer_r = [], [], []
                    self.AC.pull_global()
                s = s_
                total_step += 1
                if done:
                    GLOBAL_RUNNING_R.append(ep_r)
                    GLOBAL_EP += 1
                    break


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--log_dir', default='a3c_logs')
    parser.add_argument('--episodes', type=int, default=300)
    parser.add_argument('--workers', type=int, default=min(4, max(2, multiprocessing.cpu_count())))
    args = parser.parse_args()
    tf.set_random_seed(2)
    sess = tf.Session()
    coord = tf.train.Coordinator()
    with tf.device('/cpu:0'):
        optimizers = [tf.train.RMSPropOptimizer(LR_A, name='RMSPropA'), tf.train.RMSPropOptimizer(LR_C, name='RMSPropC')]
        global_ac = ACNet(GLOBAL_NET_SCOPE, sess, optimizers)  # we only need its params
        workers = [Worker(i, sess, coord, optimizers, global_ac, args) for i in range(args.workers)]
    sess.run(tf.global_variables_initializer())
    writer = tf.summary.FileWriter(args.log_dir, sess.graph)

    worker_threads = []
    for worker in workers:
        t = threading.Thread(target=worker.work)
        t.start()
        worker_threads.append(t)
    coord.join(worker_threads)

    for episode, reward in enumerate(GLOBAL_RUNNING_R):
        value = tf.Summary.Value(tag='reward', simple_value=reward)
        writer.add_summary(tf.Summary(value=[value]), episode)
    writer.close()
    saver = tf.train.Saver(tf.get_collection(tf.GraphKeys.GLOBAL_VARIABLES, scope=GLOBAL_NET_SCOPE))
    saver.save(sess, os.path.join(args.log_dir, 'global'), write_meta_graph=False)
    print('first 50 episodes: mean reward %.2f' % np.mean(GLOBAL_RUNNING_R[:50]))
    print('last 50 episodes: mean reward %.2f' % np.mean(GLOBAL_RUNNING_R[-50:]))
    print('learned' if np.mean(GLOBAL_RUNNING_R[-50:]) > 0.2 else 'did not learn')
    sess.close()


if __name__ == '__main__':
    main()
